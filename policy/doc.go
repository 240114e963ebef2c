// Package policy is the scheduler: a pure function from a CIB and a time to a
// Transition, the graph of actions that brings the cluster from what is to
// what is wanted.
//
// internal/node calls Schedule on the DC after every change; vm-ctl simulate
// and explain call it on files, and Inspect where only the state matters.
// It promises Pacemaker's semantics ("Pacemaker Explained"), the same answer
// for the same input, and no I/O: no clock, no randomness, no goroutine, no map
// order that shows. The CIB is not changed. What is wrong with the input is
// told in Errors and Warnings; what can be decided is decided all the same.
//
// # The phases
//
// Schedule fills one plan from top to bottom. Each phase is a file or a few:
//
//  1. unpack: what there is. options, rules, dates and nvsets evaluate
//     configuration; plan, status and remote_nodes find the nodes and whether
//     they are up, clean or to be fenced; resources makes the tree of
//     primitives, groups and clone instances, bundles_expand what a bundle
//     stands for; templates, meta_attributes, instance_attributes, op_settings
//     and op_traits read what is configured of them; history, results, failures
//     and migration_history tell from past operations where each is active, in
//     which role, and what its failures call for; intents finds the moves that
//     administrators asked for.
//  2. constrain: every node gets a score for every resource. locations,
//     tickets, stickiness, migration-threshold and intents add to it;
//     colocations and orders are kept for later; changes_config compares what
//     runs with what is configured.
//  3. assign: each resource gets its node, what it must be with before it:
//     assign, groups, clones, promotion, bundles_assign, capacity.
//  4. schedule: actions, optional ones included: probes, primitive, recurring,
//     migrate, fencing, remote_actions, notices.
//  5. order: orderings turns constraints into inputs of actions, and
//     consistency changes their flags (optional, runnable, pseudo) until all
//     agree: what a required action needs becomes required, what waits for the
//     impossible becomes impossible.
//  6. graph chooses what becomes part of the transition; operation, summary,
//     causes and views describe it.
//
// # The scheduler's rules for its callers
//
//   - An action may run when all its Inputs are done. A failure, or a probe
//     whose exit code is not TargetRC, makes the transition void: decide anew.
//   - Record results with the OpDigest of their action, or the next decision
//     takes the parameters for changed; and with cib.ParamDigests from the
//     agent's meta-data, or every change of a parameter is a restart. A reload
//     is recorded as the start that it stands for.
//   - Decide again at RecheckAt, when time alone may change the answer.
//   - Every action but a pseudo one tells its Cause; ResourceView.Why tells
//     what decided where a resource is.
package policy
