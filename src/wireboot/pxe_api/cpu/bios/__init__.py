"""The BIOS services that boot programs use, a file for each software interrupt."""
