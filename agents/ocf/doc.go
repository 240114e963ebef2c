// Package ocf runs OCF resource agents, the shell scripts of resource-agents
// and of one's own under OCF_ROOT/resource.d/PROVIDER/TYPE, unchanged ("OCF
// Resource Agent API" 1.1). hostd registers Class as the Finder of class ocf.
//
// An agent gets the action as its only argument and everything else in its
// environment, as Pacemaker gives it: the parameters as OCF_RESKEY_NAME,
// meta-attributes as OCF_RESKEY_CRM_meta_NAME (interval and timeout in ms),
// the OCF_RESOURCE_*, OCF_RA_VERSION_* and HA_* variables. Nothing else of
// hostd's own environment reaches it but LANG and TZ, so that an agent behaves
// the same however hostd was started. Its exit code is the result; the last
// "ocf-exit-reason:" line of its error output is the reason.
package ocf
