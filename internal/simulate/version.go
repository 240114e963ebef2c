package simulate

// referenceVersion is the version of Pacemaker whose words and forms these are.
const referenceVersion = "2.1.5"

// Version tells which program this is, and which one it answers as.
func Version(out Output) error {
	out.event(version{})
	return out.failed()
}

type version struct{}

func (version) sentence() string {
	return "kvmha's crm_simulate, which answers as that of Pacemaker " + referenceVersion + " does"
}

func (version) element() (string, attributes) {
	return "version", attr("program", "kvmha").with("version", referenceVersion).
		with("author", "the kvmha project").with("build", "").with("features", "")
}
