//go:build !libvirt_dlopen

package libvirt

import (
	"fmt"

	"kvmha/internal/hypervisor"
)

// dialLibrary stands in where the program was built without the tag
// libvirt_dlopen: there is no libvirt then.
func dialLibrary(string, observer) (daemon, error) {
	return nil, fmt.Errorf("%w: %w: this binary was built without the tag libvirt_dlopen", hypervisor.ErrUnavailable, errNoLibrary)
}
