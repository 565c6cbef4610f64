"""What outlives the process: leases in the database, boot files on disk."""
