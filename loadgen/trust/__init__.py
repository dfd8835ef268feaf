"""Is it the target's tail, or this machine's? `probe` watches the generator, `verdict` judges the run."""
