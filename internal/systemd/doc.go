// Package systemd is what the daemons say to systemd and hear from it:
// readiness, the watchdog, the kind of a stop, and the journal. hostd and
// guestd call it. Where systemd is not, every call does nothing and the log
// goes to standard error.
package systemd
