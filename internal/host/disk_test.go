package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kvmha/internal/node"
)

func TestTheDiskKeepsTheNewestStateAndAnswersEveryWrite(t *testing.T) {
	var answers []node.Persisted
	d, err := openDisk(t.TempDir(), func(ev node.Event) { answers = append(answers, ev.(node.Persisted)) })
	if err != nil {
		t.Fatal(err)
	}
	if state, err := d.load(); state != nil || err != nil {
		t.Fatalf("a new host has state %q, %v", state, err)
	}
	for seq := range uint64(5) {
		d.requests <- node.Persist{Seq: seq, Data: []byte{byte('0' + seq)}}
	}
	close(d.requests)
	d.work()
	if state, err := d.load(); string(state) != "4" || err != nil {
		t.Errorf("after five writes the state is %q, %v", state, err)
	}
	for seq, a := range answers {
		if a.Seq != uint64(seq) || a.Error != "" {
			t.Errorf("answer %d is %+v", seq, a)
		}
	}
	if len(answers) != 5 {
		t.Errorf("five writes have %d answers", len(answers))
	}
}

func TestAWriteThatFailsNamesTheFileAndKeepsTheLastState(t *testing.T) {
	dir := t.TempDir()
	var answer node.Persisted
	d, err := openDisk(dir, func(ev node.Event) { answer = ev.(node.Persisted) })
	if err != nil {
		t.Fatal(err)
	}
	if err := d.write(stateFile, []byte("good")); err != nil {
		t.Fatal(err)
	}
	// The folder is gone: no file can be made in it.
	d.dir = filepath.Join(dir, "missing")
	d.requests <- node.Persist{Seq: 7, Data: []byte("new")}
	close(d.requests)
	d.work()
	if answer.Seq != 7 || !strings.Contains(answer.Error, stateFile) || !strings.Contains(answer.Error, "kept") {
		t.Errorf("the answer is %+v", answer)
	}
	if state, err := os.ReadFile(filepath.Join(dir, stateFile)); string(state) != "good" || err != nil {
		t.Errorf("the last state is %q, %v", state, err)
	}
}

func TestAnArchiveStaysInItsFolder(t *testing.T) {
	dir := t.TempDir()
	d, err := openDisk(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.archive(node.Archive{Name: "../../cib-lost", Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, archiveFolder, "cib-lost")); err != nil {
		t.Error(err)
	}
}
