package policy

// notices are the pseudo actions around the notifications of one kind of
// change of a clone ("Pacemaker Explained, Clone Notifications").
type notices struct {
	pre, preDone, post, postDone *action
}

func notifyKey(rsc, kind, task string) string { return rsc + "_" + kind + "_notify_" + task + "_0" }

// noticePseudos creates them for a clone that wants notifications.
func (p *plan) noticePseudos(r *resource, task string, change, complete *action) *notices {
	return nil
}

// noticesAfterFencing lets notifications about a stop wait for the fencing
// that implies it.
func (p *plan) noticesAfterFencing(stop *action, r *resource, fence *action) {}

// createNotices adds the notifications themselves once it is certain what
// will change.
func (p *plan) createNotices(r *resource) {}
