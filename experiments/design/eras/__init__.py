"""Eras: titled changes of the world and of rivals, from one month to another, that every arm lives through."""
