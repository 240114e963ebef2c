// Package cib is the Cluster Information Base: what administrators want
// (Configuration) and what the cluster has seen (Status), as typed Go values.
//
// Everything that decides works on these types: configs, the XML codec and the
// crm codec decode into them, policy reads them, internal/node changes them by
// Commands so that every member applies the same change to the same CIB.
//
// The package does no I/O and knows no clock. A *CIB handed to a reader is
// never changed afterwards: Apply returns a new one that shares what did not
// change. Where a name or meaning follows Pacemaker it is that of "Pacemaker
// Explained"; the doc comment of each type names the section.
package cib
