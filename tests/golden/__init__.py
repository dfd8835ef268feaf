"""Result documents as they were before the schema changed: no figure of them may be another after it."""
