"""What the report and the terminal say of settings that nobody knows: when the verdict turns, and what moves it."""
