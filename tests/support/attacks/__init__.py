"""Wrong completions that try to be accepted, and right ones in odd forms, each with its expected verdict."""
