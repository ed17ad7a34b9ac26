"""Order, concurrency and parameters: flows never touch a row."""
