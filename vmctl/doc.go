// Command vm-ctl talks to the kvmha daemon of the machine it runs on: hostd on
// a host, guestd inside a VM. Administrators and scripts call it.
//
// It promises that its exit status is the truth: 0 when what was asked has
// happened (a move has arrived, a change is on every member's disk, a node is
// certainly down), 1 when it has not, 2 when the command line makes no sense,
// 130 when it was interrupted. Text for people goes to standard output,
// coloured only on terminals; errors go to standard error and say what to do
// next; --json has stable names.
//
// One verb is one file. Verbs of the host: keygen, validate, apply, simulate,
// status, explain, resource, migrate, node, cleanup, fence, replay. Verbs
// inside a guest: host, fence. The binary is static and needs no cgo.
package main
