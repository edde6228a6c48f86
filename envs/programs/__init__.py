"""Programs that a model writes: read, run in a sandbox, graded on hidden cases."""
