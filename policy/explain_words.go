package policy

import (
	"strconv"
	"strings"

	"kvmha/internal/cib"
)

// String puts a reason as a clause that can follow "because": it names what
// decided, by its id, and what that does. The words for every kind are here and
// nowhere else.
func (r Reason) String() string {
	for _, words := range [...]func(Reason) string{Reason.placeWords, Reason.nodeWords, Reason.stateWords, Reason.actionWords} {
		if text := words(r); text != "" {
			return text
		}
	}
	return string(r.Kind)
}

func (r Reason) subject() string { return firstText(r.Subject, "it") }

// its puts what the subject has: "its agent", "the agent of web".
func (r Reason) its(what string) string {
	if r.Subject == "" {
		return "its " + what
	}
	return "the " + what + " of " + r.Subject
}

// constraint names a constraint with the rule of it that counted.
func (r Reason) constraint() string {
	switch {
	case r.Rule != "" && r.Detail != "":
		return "rule " + r.Rule + " (" + r.Detail + ") of constraint " + r.ID
	case r.Rule != "":
		return "rule " + r.Rule + " of constraint " + r.ID
	}
	return "constraint " + r.ID
}

// ruleWords name the attribute set with a rule that says so, if it is one.
func (r Reason) ruleWords() string {
	if r.Rule == "" {
		return ""
	}
	return ", says attribute set " + r.ID + ", whose rule holds now (" + r.Detail + ")"
}

// weighs says what a score does to a node.
func (r Reason) weighs(what string) string {
	of := ""
	if r.Subject != "" {
		of = " for " + r.Subject
	}
	switch {
	case r.Score <= minusInfinity:
		return what + " forbids " + r.Node + of
	case r.Score >= infinity:
		return what + " wants " + r.Node + of
	}
	return what + " gives " + r.Node + " a score of " + r.Score.String() + of
}

func (r Reason) placeWords() string {
	switch r.Kind {
	case ReasonLocation:
		return r.weighs(r.constraint())
	case ReasonHealth:
		return r.weighs("the health of the node (" + r.Detail + ", node-health-strategy=" + r.Value + ")")
	case ReasonNodeScore:
		return r.weighs("the node's own score")
	case ReasonStickiness:
		return "resource-stickiness is worth " + r.Score.String() + " on " + r.Node + ", where it is active"
	case ReasonIntent:
		return r.moveWords()
	case ReasonColocation:
		return r.togetherWords()
	case ReasonFollowers:
		return "what is colocated with it (" + r.Detail + ") changes the score of " + r.Node + " by " + r.Score.String()
	case ReasonGroup:
		return "as a member of group " + r.ID + " " + r.subject() + " goes where " + r.Resource + " is, and that is " + placeWords(r.Other)
	case ReasonContainer:
		if r.Name != "" {
			return r.subject() + " belongs to " + r.Resource + ", which is " + placeWords(r.Other)
		}
		return r.subject() + " lives inside " + r.Resource + ", which is " + placeWords(r.Other)
	case ReasonThreshold:
		return r.subject() + " failed on " + r.Node + " (fail count " + r.Value + "), and migration-threshold is " + r.Name
	case ReasonTicket:
		return "ticket " + r.ID + " is " + r.Value + r.lossWords()
	case ReasonLock:
		return "a shutdown lock keeps it for " + r.Other + " until that is back"
	case ReasonCapacity:
		return "node " + r.Node + " has too little capacity left" + prefixedBy(": ", r.Detail)
	case ReasonOptIn:
		return "symmetric-cluster=false, and no constraint allows " + r.Node + prefixedBy(" for ", r.Subject)
	case ReasonDiscovery:
		return "resource-discovery=exclusive limits it to other nodes than " + r.Node
	case ReasonCloneMax:
		return "all " + r.Value + " instances of " + r.ID + " have their nodes already (clone-max)"
	case ReasonCloneFull:
		return "node " + r.Node + " has " + r.Resource + " already, and " + r.ID + " may have " + counted(r.Value, "instance") + " on a node" + bracketed(r.Name)
	case ReasonOnlyFor:
		return "node " + r.Node + " is only for what runs inside of it"
	case ReasonNoRemote:
		if r.Subject != "" {
			return "node " + r.Node + " is a remote or guest node: no connection runs on one, and " + r.Subject + " must be with it"
		}
		return "node " + r.Node + " is a remote or guest node: connections and fencing devices run on cluster nodes only"
	case ReasonScore:
		if r.Other == "" {
			return "all that counts for " + r.Node + " sums up to " + r.Score.String()
		}
		return "the score of " + r.Node + " is " + r.Score.String() + ", that of " + r.Other + " is " + r.Than.String()
	case ReasonTie:
		return "node " + r.Node + " scores no more than " + r.Other + " (" + r.Score.String() + "); of equals it gets the one with the fewest resources, then the one it is on, then the first by name"
	}
	return ""
}

func (r Reason) moveWords() string {
	by := ""
	if r.Detail != "" {
		by = " by " + r.Detail
	}
	switch {
	case r.Value == string(cib.IntentSettled):
		return "it was moved to " + r.Node + by + " and stays there"
	case r.Score < 0:
		return "a move away from " + r.Node + " was asked for" + by
	}
	return "a move to " + r.Node + " was asked for" + by
}

func (r Reason) togetherWords() string {
	other := r.Resource
	if r.Value != "" {
		other += " (" + r.Value + ")"
	}
	relation := ""
	switch {
	case r.Than >= infinity:
		relation = " keeps " + r.subject() + " with " + other
	case r.Than <= minusInfinity:
		relation = " keeps " + r.subject() + " apart from " + other
	case r.Than < 0:
		relation = " wants " + r.subject() + " apart from " + other + " (score " + r.Than.String() + ")"
	default:
		relation = " wants " + r.subject() + " beside " + other + " (score " + r.Than.String() + ")"
	}
	if r.Name != "" {
		relation += " by " + r.Name
	}
	return "colocation " + r.ID + relation + ", and that is " + placeWords(r.Other) + prefixedBy(", ", r.Detail)
}

// mostNames is how many names of nodes are told one after the other.
const mostNames = 8

// placeWords tells where something is, of many nodes how many they are.
func placeWords(nodes string) string {
	if nodes == "" {
		return "nowhere"
	}
	if n := strings.Count(nodes, ", ") + 1; n > mostNames {
		return "on " + strconv.Itoa(n) + " nodes"
	}
	return "on " + nodes
}

func bracketed(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// counted puts a number before a noun: "1 instance", "2 instances".
func counted(number, noun string) string {
	if number == "1" {
		return number + " " + noun
	}
	return number + " " + noun + "s"
}

func prefixedBy(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

func (r Reason) lossWords() string {
	if r.Detail == "freeze" {
		return ", and its loss-policy is freeze: what runs is left alone"
	}
	return ""
}

func (r Reason) nodeWords() string {
	switch r.Kind {
	case ReasonOffline:
		return "node " + r.Node + " is offline"
	case ReasonUnclean:
		return "node " + r.Node + " is unclean: " + firstText(r.Detail, "its state is unknown")
	case ReasonPending:
		return "node " + r.Node + " is joining and not a member yet"
	case ReasonStandby:
		if r.Name == "" {
			return "node " + r.Node + " is in standby because of on-fail=standby" + prefixedBy(": ", r.Detail)
		}
		return "node " + r.Node + " is in standby" + r.ruleWords()
	case ReasonShutdown:
		return "node " + r.Node + " is shutting down"
	case ReasonMaintenance:
		switch {
		case r.Node != "":
			return "node " + r.Node + " is in maintenance" + r.ruleWords()
		case r.Name == "maintenance-mode":
			return "the cluster is in maintenance (maintenance-mode=true" + r.ruleWords() + ")"
		}
		return firstText(r.Subject, "it") + " is in maintenance" + r.ruleWords()
	case ReasonGuestDown:
		return r.Resource + ", which node " + r.Node + " lives in, " + firstText(r.Detail, "does not run")
	case ReasonDisconnect:
		return "the connection to remote node " + r.Node + " (" + r.Resource + ") " + firstText(r.Detail, "does not run")
	case ReasonPing:
		return "node " + r.Node + " is a ping node and runs nothing"
	case ReasonUnreachable:
		return "node " + r.Node + " cannot be fenced: " + r.Detail
	}
	return ""
}

func (r Reason) stateWords() string {
	switch r.Kind {
	case ReasonTargetRole:
		return r.its("target-role") + " is " + r.Value + r.ruleWords()
	case ReasonStopAll:
		return "stop-all-resources=true" + r.ruleWords()
	case ReasonUnmanaged:
		return firstText(r.Subject, "it") + " is not managed (is-managed=false" + r.ruleWords() + "): the cluster only watches it"
	case ReasonBlocked:
		return r.subject() + " is blocked: " + r.failureWords()
	case ReasonNoFencing:
		return "stonith-enabled=true, and no fencing device is configured: nothing is started or stopped"
	case ReasonOrphan:
		if r.ID != "" {
			return r.ID + " has only " + counted(r.Value, "instance") + " now (clone-max), and this one is left over"
		}
		return r.subject() + " is not in the configuration any more"
	case ReasonMultiple:
		return r.subject() + " is active on more than one node (" + r.Detail + "), and multiple-active says " + r.Value
	case ReasonSpare:
		return "it is a spare instance: " + r.ID + " has " + counted(r.Value, "instance") + " in place, and no other node can take one"
	case ReasonHeld:
		return "a guest is having it fenced: nothing else is done to it until it is certainly down"
	case ReasonQuorum:
		return "this partition has no quorum, and no-quorum-policy is " + r.Value
	case ReasonPromotion:
		return r.promotionWords()
	case ReasonFailure:
		return r.failureWords()
	case ReasonOnFail:
		return r.failureWords() + ", and on-fail says " + r.Value
	case ReasonGuestLost:
		return "guest node " + r.Node + " must be recovered: " + r.Detail
	}
	return ""
}

// failureWords tell an operation that failed, as far as it is known.
func (r Reason) failureWords() string {
	if r.Action == "" {
		return firstText(r.Detail, r.subject()+" failed on "+r.Node)
	}
	said := ""
	if r.Detail != "" {
		said = " (" + r.Detail + ")"
	}
	return r.its(r.Action) + " on " + r.Node + " failed" + said
}

func (r Reason) promotionWords() string {
	switch {
	case r.Value == "unrated":
		return "it has no promotion score on " + r.Node + " yet: its agent may give one when it runs there"
	case r.Value == "none":
		return "it has no promotion score on " + r.Node + ": its agent has not set one, or the instance may not be promoted there"
	case r.Value == "max" && r.Other == "":
		return "promoted-max lets no instance be promoted"
	case r.Value == "max":
		return "as many instances are promoted as promoted-max allows, and " + r.Other + " scores " + r.Than.String() + " against " + r.Score.String() + " on " + r.Node
	case r.Value == "node-max":
		return "as many instances are promoted on " + r.Node + " as promoted-node-max allows"
	case r.Value != "best":
		return "its promotion score on " + r.Node + " is " + r.Score.String()
	}
	return "it has the best promotion score on " + r.Node + " (" + r.Score.String() + ")"
}

func (r Reason) actionWords() string {
	switch r.Kind {
	case ReasonWanted:
		return r.subject() + " is to run" + prefixedBy(", and ", prefixedBy("its best node is ", r.Node))
	case ReasonUnknown:
		return r.its("state") + " on " + r.Node + " is unknown"
	case ReasonMonitor:
		return "the configuration asks for it"
	case ReasonRecover:
		return r.failureWords() + ": it is recovered"
	case ReasonParameters:
		return r.changedWords()
	case ReasonAgent:
		return r.its("agent") + " was changed"
	case ReasonOperation:
		why := r.Detail
		if why == "orphan" {
			why = "the configuration asks for it no more"
		}
		return r.its("recurring "+r.Action) + " on " + r.Node + " ends: " + why
	case ReasonHistory:
		return r.its("record") + " on " + r.Node + " is dropped: " + r.Detail
	case ReasonFailCount:
		return r.its("fail count") + " on " + r.Node + " is cleared: " + r.Detail
	case ReasonOrder:
		return r.orderWords() + ", and " + r.tie()
	case ReasonBlockedBy:
		return r.needWords()
	case ReasonMigration:
		return "it is the last step of " + r.its("live migration") + prefixedBy(" from ", r.Node)
	case ReasonFencing:
		return "node " + r.Node + " is unclean: " + firstText(r.Detail, "its state is unknown")
	case ReasonFenced:
		if r.Action != "" {
			return "the fencing of " + r.Node + " stops it, and it is to run again"
		}
		return "the fencing of " + r.Node + " stops it"
	case ReasonUnfencing:
		return "node " + r.Node + " must be unfenced: " + r.Detail
	case ReasonNotify:
		return "the instances of " + firstText(r.ID, "a clone") + " are told what happens to the others"
	case ReasonRole:
		return r.subject() + " is no longer to be promoted on " + r.Node
	case ReasonGuestFence:
		return "guest node " + r.Node + " is fenced by stopping " + r.Resource + ", which it lives in"
	case ReasonProbeAgain:
		return "node " + r.Node + " asks for all resources to be probed anew"
	case ReasonCluster:
		return firstText(r.Detail, r.Action+" is needed on "+r.Node)
	}
	return ""
}

// orderWords tell of the action that another one is tied to.
func (r Reason) orderWords() string {
	on := prefixedBy(" on ", r.Node)
	if is, known := isTo[r.Action]; known && r.Resource != "" {
		return r.Resource + is + on
	}
	return r.what() + " is needed" + on
}

// isTo puts the action of another resource as what happens to that.
var isTo = map[string]string{
	"start": " is to start", "stop": " is to stop", "promote": " is to be promoted", "demote": " is to be demoted", "delete": " is forgotten", "restart": " is to be restarted",
}

// tie is what ties two actions together.
func (r Reason) tie() string {
	switch {
	case r.Name == "inside":
		return "it lives inside of that"
	case r.Name == "host":
		return "node " + r.Other + " lives inside of that"
	case r.Name == "group":
		return "group " + r.Other + " orders the two"
	case r.ID != "":
		return "constraint " + r.ID + " orders the two"
	}
	return "it depends on that"
}

func (r Reason) what() string {
	switch {
	case r.Resource == "":
		return "the " + r.Action
	case r.Action == "notified":
		return "the notification of the instances of " + r.Resource
	}
	return "the " + r.Action + " of " + r.Resource
}

// needWords tell of an action that another one waits for in vain.
func (r Reason) needWords() string {
	by := ""
	if r.ID != "" {
		by = "by constraint " + r.ID + " "
	}
	return by + "it needs " + r.what() + prefixedBy(" on ", r.Node) + " first, which is impossible" + prefixedBy(": ", r.Detail)
}

func (r Reason) changedWords() string {
	verb := "were changed"
	if r.Value == "reload" {
		verb = "were changed, and it can reload them"
	}
	names := strings.Split(r.Name, ",")
	switch {
	case r.Name == "":
		return r.its("parameters") + " " + verb
	case len(names) == 1:
		return r.its("parameter "+r.Name) + " was changed" + strings.TrimPrefix(verb, "were changed")
	}
	return r.its("parameters") + " " + verb + " (among them are " + strings.Join(names, ", ") + ")"
}
