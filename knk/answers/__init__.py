"""The judge of final answers to puzzles: `knk.answers.verify.verify`."""
