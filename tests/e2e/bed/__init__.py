"""The test bed: real Postfix, NSD and unbound on loopback, with private folders and ports."""
