"""Second ways to the answers, which share nothing with the generators; the audit compares."""
