"""The load itself: `plan` says what runs, `agenda` what is due, `iteration` what one iteration does next; `engine`
sends it, `users` start again, and `accounts` write down what became of it."""
