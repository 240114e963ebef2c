package libvirttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// PKI is a host's own folder with the certificates of libvirtd and QEMU, all of
// one authority. URIs of transport tls name it as pkipath.
const PKI = "/etc/libvirt/pki"

// pkiVariable hands the folder with the certificates that the hosts copy down to
// the copies of the test binary.
const pkiVariable = "KVMHA_LIBVIRTTEST_PKI"

// WritePKI writes a new authority into dir, and one certificate of it for both
// hosts, as client and server, under the names that libvirt and QEMU look for.
func WritePKI(dir string) error {
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "libvirttest"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	host := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: HostA}, DNSNames: []string{HostA, HostB},
		NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	hostKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	ca, err := x509.CreateCertificate(rand.Reader, authority, authority, &authorityKey.PublicKey, authorityKey)
	if err != nil {
		return err
	}
	cert, err := x509.CreateCertificate(rand.Reader, host, authority, &hostKey.PublicKey, authorityKey)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(hostKey)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		kind  string
		body  []byte
		names []string
	}{
		{"CERTIFICATE", ca, []string{"cacert.pem", "ca-cert.pem"}},
		{"CERTIFICATE", cert, []string{"servercert.pem", "clientcert.pem", "server-cert.pem", "client-cert.pem"}},
		{"PRIVATE KEY", key, []string{"serverkey.pem", "clientkey.pem", "server-key.pem", "client-key.pem"}},
	} {
		for _, name := range file.names {
			text := pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.body})
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// receivePKI copies the certificates into this host's own folder.
func receivePKI() error {
	if err := os.CopyFS(PKI, os.DirFS(os.Getenv(pkiVariable))); err != nil {
		return fmt.Errorf("certificates of the test: %w", err)
	}
	return nil
}
