package cib

import (
	"encoding/json"
	"strings"
	"testing"
)

// sample is a CIB with a group of two primitives, a constraint on one of them,
// and two nodes.
func sampleForCommands() *CIB {
	return &CIB{
		Version: Version{Term: 3, Epoch: 5, NumUpdates: 7},
		Config: Configuration{
			Nodes: []Node{{ID: "1", Uname: "a"}, {ID: "2", Uname: "b"}},
			Resources: []*Resource{
				{ID: "g", Kind: Group, Children: []*Resource{{ID: "fs", Kind: Primitive}, {ID: "ip", Kind: Primitive}}},
				{ID: "solo", Kind: Primitive},
			},
			Locations: []Location{{ID: "l1", Resource: "fs", Node: "a", Score: 10}, {ID: "l2", Resource: "solo", Node: "b", Score: 5}},
			Orders:    []Order{{ID: "o1", First: "g", Then: "solo"}},
			Tags:      []Tag{{ID: "t", Refs: []string{"fs", "solo"}}},
		},
		Status: Status{Nodes: []NodeState{{ID: "1", Uname: "a"}}},
	}
}

func encodeForTest(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func commandsOfEveryKind() map[string]Command {
	return map[string]Command{
		"replace":        {ReplaceConfig: &ReplaceConfig{}},
		"add":            {AddResource: &AddResource{Resource: &Resource{ID: "new", Kind: Primitive}}},
		"delete":         {DeleteResource: &DeleteResource{ID: "fs"}},
		"meta":           {SetMeta: &SetMeta{Resource: "ip", Name: "target-role", Value: "Stopped"}},
		"node attribute": {SetNodeAttribute: &SetNodeAttribute{Node: "b", Name: "standby", Value: "on"}},
		"intent":         {PutIntent: &Intent{ID: "i", Resource: "solo"}},
		"guest fence":    {PutGuestFence: &GuestFence{VM: "v", Request: "r"}},
		"partition":      {SetPartition: &SetPartition{DC: "a", HaveQuorum: true, Term: 9}},
		"membership":     {SetMembership: &SetMembership{Node: "b", InCCM: true}},
		"node state":     {ReplaceNodeState: &NodeState{ID: "2", Uname: "b"}},
		"fenced":         {NodeFenced: &NodeFenced{Node: "a", At: 100}},
		"attribute":      {SetAttribute: &SetAttribute{Node: "a", Name: "x", Value: "1"}},
		"record":         {RecordOperation: &OpRecord{Node: "a", Resource: "ip", Operation: "start", CallID: 1}},
		"forget":         {ForgetResource: &ForgetResource{Node: "a", Resource: "ip"}},
		"clear":          {ClearFailures: &ClearFailures{Node: "a", Resource: "ip"}},
		"recurring":      {ForgetRecurring: &ForgetRecurring{Node: "a", Resource: "ip", Operation: "monitor", IntervalMS: 10000}},
	}
}

func TestApplyNeverChangesTheCIBItIsGiven(t *testing.T) {
	t.Parallel()
	for name, cmd := range commandsOfEveryKind() {
		c := sampleForCommands()
		before := encodeForTest(t, c)
		next, err := Apply(c, cmd)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if encodeForTest(t, c) != before {
			t.Errorf("%s changed its input", name)
		}
		configures := next.Version.Epoch == 6 && next.Version.NumUpdates == 0
		if configures != cmd.configures() || !configures && next.Version.NumUpdates != 8 {
			t.Errorf("%s leads to version %v", name, next.Version)
		}
	}
}

func TestACommandSurvivesJSON(t *testing.T) {
	t.Parallel()
	for name, cmd := range commandsOfEveryKind() {
		var back Command
		if err := json.Unmarshal([]byte(encodeForTest(t, cmd)), &back); err != nil {
			t.Fatal(err)
		}
		one, err1 := Apply(sampleForCommands(), cmd)
		two, err2 := Apply(sampleForCommands(), back)
		if err1 != nil || err2 != nil || encodeForTest(t, one) != encodeForTest(t, two) {
			t.Errorf("%s does something else after a journey: %v %v", name, err1, err2)
		}
	}
}

func TestCommandsThatDoNotFitAreRefusedByName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		cmd  Command
		want string
	}{
		{Command{}, "newer version"},
		{Command{AddResource: &AddResource{Resource: &Resource{ID: "ip"}}}, "ip exists already"},
		{Command{AddResource: &AddResource{}}, "without an id"},
		{Command{DeleteResource: &DeleteResource{ID: "no"}}, "no is not in the configuration"},
		{Command{SetMeta: &SetMeta{Resource: "no"}}, "no is not in the configuration"},
		{Command{SetNodeAttribute: &SetNodeAttribute{Node: "no"}}, "node no is not in the configuration"},
		{Command{DropIntent: &DropIntent{ID: "no"}}, "no intent no"},
	} {
		if next, err := Apply(sampleForCommands(), tc.cmd); err == nil || next != nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("error %v, want %q", err, tc.want)
		}
	}
}

func TestDeletingAResourceTakesWhatNamesIt(t *testing.T) {
	t.Parallel()
	c, err := ApplyAll(sampleForCommands(), []Command{{DeleteResource: &DeleteResource{ID: "fs"}}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Config.FindResource("fs") != nil || c.Config.FindResource("ip") == nil || len(c.Config.Locations) != 1 ||
		len(c.Config.Orders) != 1 || encodeForTest(t, c.Config.Tags) != `[{"id":"t","refs":["solo"]}]` {
		t.Errorf("left: %s", encodeForTest(t, c.Config))
	}
	if c, err = Apply(c, Command{DeleteResource: &DeleteResource{ID: "ip"}}); err != nil {
		t.Fatal(err)
	}
	if c.Config.FindResource("g") != nil {
		t.Error("a group without members stays")
	}
}

func TestAttributesAreSetInPlaceAndRemoved(t *testing.T) {
	t.Parallel()
	set := func(v string, remove bool) Command {
		return Command{SetMeta: &SetMeta{Resource: "ip", Name: "target-role", Value: v, Remove: remove}}
	}
	c, err := ApplyAll(sampleForCommands(), []Command{set("Stopped", false), set("Started", false)})
	if err != nil {
		t.Fatal(err)
	}
	if got := encodeForTest(t, c.Config.FindResource("ip").Meta); got != `[{"id":"ip-meta_attributes","nvpairs":[{"id":"operator-ip-meta_attributes-target-role","name":"target-role","value":"Started"}]}]` {
		t.Errorf("meta attributes %s", got)
	}
	if c, err = Apply(c, set("", true)); err != nil || len(c.Config.FindResource("ip").Meta[0].Pairs) != 0 {
		t.Errorf("not removed: %v", err)
	}
}

func TestANewIntentEndsTheOldOneOfTheResource(t *testing.T) {
	t.Parallel()
	c, err := ApplyAll(sampleForCommands(), []Command{
		{PutIntent: &Intent{ID: "1", Resource: "solo", State: IntentFailed}}, {PutIntent: &Intent{ID: "2", Resource: "ip"}},
		{PutIntent: &Intent{ID: "3", Resource: "solo"}}, {PutIntent: &Intent{ID: "3", Resource: "solo", State: IntentSettled}},
	})
	if err != nil || len(c.Status.Intents) != 2 || c.Status.Intents[1].State != IntentSettled {
		t.Errorf("intents %v, %v", c.Status.Intents, err)
	}
}

func TestOldFinishedGuestFencesMakeRoom(t *testing.T) {
	t.Parallel()
	c := sampleForCommands()
	var err error
	for i := range GuestFenceKeep + 10 {
		g := GuestFence{VM: "v", Request: string(rune('A' + i)), Done: i != 0}
		if c, err = Apply(c, Command{PutGuestFence: &g}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.Status.GuestFences); n != GuestFenceKeep+1 || c.Status.GuestFences[0].Done {
		t.Errorf("%d records are kept, the open one among them: %v", n, !c.Status.GuestFences[0].Done)
	}
}

func TestAFencedNodeIsDownAndCleanWithoutHistory(t *testing.T) {
	t.Parallel()
	c, err := ApplyAll(sampleForCommands(), []Command{
		{SetMembership: &SetMembership{Node: "a", InCCM: true, Crmd: true, Join: "member", Expected: "member", BootID: "boot"}},
		{RecordOperation: &OpRecord{Node: "a", Resource: "ip", Operation: "start", CallID: 1}},
		{SetAttribute: &SetAttribute{Node: "a", Name: "x", Value: "1"}},
		{NodeFenced: &NodeFenced{Node: "a", At: 100}},
	})
	if err != nil {
		t.Fatal(err)
	}
	n := c.Status.Node("a")
	if n.Crmd || n.InCCM || n.Expected != "down" || n.NodeFenced != "100" || n.BootID != "boot" || len(n.History)+len(n.Attributes) != 0 {
		t.Errorf("state %s", encodeForTest(t, n))
	}
}
