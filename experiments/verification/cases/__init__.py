"""Known answers: published or closed-form results that the model must give back."""
