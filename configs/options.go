package configs

// optionsTable holds the cluster options ("Pacemaker Explained, Cluster
// Options"). Only what is written here goes into the shared configuration; an
// absent option has the default that its description names.
type optionsTable struct {
	table
	// What a partition without quorum does with its resources. Default: stop.
	NoQuorumPolicy string `toml:"no-quorum-policy" enum:"stop|ignore|freeze|demote|suicide"`
	// Whether nodes are fenced at all. Without it nothing of a lost node can be
	// recovered safely. Default: true.
	Fencing string `toml:"stonith-enabled" alias:"fencing-enabled" is:"bool"`
	// What fencing does to a node. Default: reboot.
	FencingAction string `toml:"stonith-action" alias:"fencing-action" enum:"reboot|off|poweroff"`
	// Limit for one fencing operation. Default: 60s.
	FencingTimeout string `toml:"stonith-timeout" alias:"fencing-timeout" is:"duration"`
	// After so many failures a target is not fenced any more. Default: 10.
	FencingMaxAttempts string `toml:"stonith-max-attempts" alias:"fencing-max-attempts" is:"score"`
	// How long a watchdog needs to reset a node, for fencing by watchdog alone.
	// Default: 0 (not used).
	WatchdogTimeout string `toml:"stonith-watchdog-timeout" alias:"fencing-watchdog-timeout" is:"duration"`
	// Fence a node that has not been seen since the start. Default: true.
	StartupFencing string `toml:"startup-fencing" is:"bool"`
	// Several nodes may be fenced at once. Default: false.
	ConcurrentFencing string `toml:"concurrent-fencing" is:"bool"`
	// Two partitions fence each other: the one whose resources have the higher
	// priority shoots first by this much. Default: 0.
	PriorityFencingDelay string `toml:"priority-fencing-delay" is:"duration"`
	// Nodes run resources unless a constraint forbids it; with false, only
	// where one allows it. Default: true.
	SymmetricCluster string `toml:"symmetric-cluster" is:"bool"`
	// The cluster touches nothing: no start, no stop, no monitor. Default: false.
	MaintenanceMode string `toml:"maintenance-mode" is:"bool"`
	// Resources are managed unless they say otherwise; with false, only watched.
	// Default: true.
	IsManagedDefault string `toml:"is-managed-default" is:"bool"`
	// Preference of a resource to stay where it is (old place of
	// [defaults.resource] resource-stickiness).
	DefaultStickiness string `toml:"default-resource-stickiness" is:"score"`
	// A failed start is final on that node until it is cleaned up. Default: true.
	StartFailureFatal string `toml:"start-failure-is-fatal" is:"bool"`
	// Look for resources that run though nobody started them. Default: true.
	EnableStartupProbes string `toml:"enable-startup-probes" is:"bool"`
	// Stop resources that were removed from the configuration. Default: true.
	StopOrphanResources string `toml:"stop-orphan-resources" is:"bool"`
	// Cancel monitors that were removed from the configuration. Default: true.
	StopOrphanActions string `toml:"stop-orphan-actions" is:"bool"`
	// Stop everything, on every node. Default: false.
	StopAllResources string `toml:"stop-all-resources" is:"bool"`
	// Remove a stopped resource's history. Default: false.
	RemoveAfterStop string `toml:"remove-after-stop" is:"bool"`
	// Operations in progress at once in the whole cluster; 0 lets the load
	// decide. Default: 0.
	BatchLimit string `toml:"batch-limit" is:"integer"`
	// Live migrations in progress at once from or to one node; -1 is no limit.
	// Default: -1.
	MigrationLimit string `toml:"migration-limit" is:"integer"`
	// Processor load above which a node is given less work. Default: 80%.
	LoadThreshold string `toml:"load-threshold" is:"percent"`
	// Operations in progress at once on one node; 0 is twice its processors.
	// Default: 0.
	NodeActionLimit string `toml:"node-action-limit" is:"integer"`
	// Round trip over the network that operations on other nodes may take in
	// addition to their time-out. Default: 60s.
	ClusterDelay string `toml:"cluster-delay" is:"duration"`
	// The cluster looks at its state this often even if nothing happens, for
	// rules that depend on time. Default: 15min.
	RecheckInterval string `toml:"cluster-recheck-interval" is:"duration"`
	// How long the election of a DC may take. Default: 20s.
	DCDeadtime string `toml:"dc-deadtime" is:"duration"`
	// A node that leaves and stays away this long is forgotten. Default: 0 (never).
	NodePendingTimeout string `toml:"node-pending-timeout" is:"duration"`
	// How resources are spread over nodes. Default: default.
	PlacementStrategy string `toml:"placement-strategy" enum:"default|utilization|minimal|balanced"`
	// What the health attributes of a node (#health-…) do. Default: none.
	NodeHealthStrategy string `toml:"node-health-strategy" enum:"none|migrate-on-red|only-green|progressive|custom"`
	// Score of a node's health before its attributes. Default: 0.
	NodeHealthBase string `toml:"node-health-base" is:"score"`
	// Score of a green health attribute. Default: 0.
	NodeHealthGreen string `toml:"node-health-green" is:"score"`
	// Score of a yellow health attribute. Default: 0.
	NodeHealthYellow string `toml:"node-health-yellow" is:"score"`
	// Score of a red health attribute. Default: -INFINITY.
	NodeHealthRed string `toml:"node-health-red" is:"score"`
	// A resource of a node that went down cleanly waits for it to come back.
	// Default: false.
	ShutdownLock string `toml:"shutdown-lock" is:"bool"`
	// How long shutdown-lock waits. Default: 0 (for ever).
	ShutdownLockLimit string `toml:"shutdown-lock-limit" is:"duration"`
	// A node that hears of its own fencing stops its resources or reboots.
	// Default: stop.
	FenceReaction string `toml:"fence-reaction" enum:"stop|panic"`
}

// defaultsTable holds the defaults of resources and of operations.
type defaultsTable struct {
	table
	// The meta-attributes of resources that do not set their own (see meta).
	Resource metaTable `toml:"resource"`
	// What operations have that do not say otherwise.
	Operation operationDefaultsTable `toml:"operation"`
}

// operationDefaultsTable holds what operations have that do not say otherwise.
type operationDefaultsTable struct {
	table
	// Limit for an operation. Default: 20s.
	Timeout string `toml:"timeout" is:"duration"`
	// What a failure leads to.
	OnFail string `toml:"on-fail" enum:"ignore|block|stop|restart|standby|fence|demote|restart-container"`
	// Whether operations are recorded when they begin. Default: true.
	RecordPending string `toml:"record-pending" is:"bool"`
	// Whether the operation is done at all. Default: true.
	Enabled string `toml:"enabled" is:"bool"`
}
