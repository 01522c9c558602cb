"""What a design tells: what each factor changes, by itself and together with another."""
