"""What policies made for rivals share: answers to others' prices and to what others do for their customers."""
