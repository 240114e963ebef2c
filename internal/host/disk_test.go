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

func TestAnArchiveStaysInItsFolderAndGoesBeforeTheState(t *testing.T) {
	dir := t.TempDir()
	var answers []node.Persisted
	d, err := openDisk(dir, func(ev node.Event) { answers = append(answers, ev.(node.Persisted)) })
	if err != nil {
		t.Fatal(err)
	}
	archived := filepath.Join(dir, archiveFolder, "cib-lost")
	batch := []node.Effect{node.Archive{Name: "../../cib-lost", Data: []byte("x")}, node.Persist{Seq: 1, Data: []byte("new")}}
	if err := os.RemoveAll(filepath.Join(dir, archiveFolder)); err != nil {
		t.Fatal(err)
	}
	d.carryOut(batch)
	if state, err := d.load(); state != nil || err != nil || answers[0].Error == "" {
		t.Errorf("a state was written before its archive: %q, %v, answer %+v", state, err, answers[0])
	}
	if err := os.Mkdir(filepath.Join(dir, archiveFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	d.carryOut([]node.Effect{node.Persist{Seq: 2, Data: []byte("new")}})
	if _, err := os.Stat(archived); err != nil {
		t.Errorf("what was owed to the archive is not there: %v", err)
	}
	if state, err := d.load(); string(state) != "new" || err != nil || answers[1].Error != "" {
		t.Errorf("the state is %q, %v, answer %+v", state, err, answers[1])
	}
}
