"""What an institution decides: the view, the plan, treatments, guards, the shelf of policies."""
