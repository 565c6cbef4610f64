"""What the protocols share: reading and writing bytes, the form of an option, numbers assigned by IANA."""
