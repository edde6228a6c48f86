"""What several families draw from: exact arithmetic, and the pieces of which exercises are made."""
