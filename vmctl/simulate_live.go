package main

import "path/filepath"

// liveFile is the file that stands for the running cluster, as for all of
// Pacemaker's tools: a shadow CIB whose name is in CIB_shadow, or the file in
// CIB_file. It is empty where the cluster itself is meant.
func liveFile(getenv func(string) string, user int) string {
	if shadow := getenv("CIB_shadow"); shadow != "" {
		return filepath.Join(shadowFolder(getenv, user), "shadow."+shadow)
	}
	return getenv("CIB_file")
}

// shadowFolder is where crm_shadow keeps its files.
func shadowFolder(getenv func(string) string, user int) string {
	if folder := getenv("CIB_shadow_dir"); folder != "" {
		return folder
	}
	if home := getenv("HOME"); user != 0 && filepath.IsAbs(home) {
		return filepath.Join(home, ".cib")
	}
	return "/var/lib/pacemaker/cib"
}

// liveError is a running cluster that cannot be asked, or a file in its place
// that cannot be read.
type liveError struct{ error }

func (e *liveError) Unwrap() error { return e.error }
