"""What an assessment holds, how it is numbered, and how a written one is read back."""
