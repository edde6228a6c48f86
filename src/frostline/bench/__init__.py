"""Measurements that anyone can repeat: `frostline bench`."""
