package main

import "context"

func bench(context.Context, []string) error { return nil }
