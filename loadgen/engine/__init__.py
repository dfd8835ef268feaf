"""The load itself: `plan` says what runs, `iteration` what one iteration does next, `engine` releases what is due."""
