"""The services of the PXE API as boot programs call them: parameter blocks in, parameter blocks out. A file a group."""
