"""Many runs treated as one experiment."""
