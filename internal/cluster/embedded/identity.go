package embedded

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"kvmha/internal/cluster/secret"
)

// identity is what this node proves itself with and checks others by. All of
// it comes from the cluster's secret: whoever has the secret can sign the
// certificate of a node, nobody else can.
type identity struct {
	fingerprint [8]byte
	packetKey   []byte
	gossipKey   []byte
	authority   *x509.Certificate
	leaf        tls.Certificate
	cluster     string
}

// The clocks of nodes differ, also by years after a dead battery, so a
// certificate's dates mean nothing here; TLS is told this one time.
var (
	validFrom  = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	validTime  = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	validUntil = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
)

// newIdentity derives the keys and signs this run's certificate.
func newIdentity(key []byte, cluster, node string) (*identity, error) {
	id := &identity{cluster: cluster}
	print, err := secret.Fingerprint(key)
	if err != nil {
		return nil, err
	}
	if _, err := hex.Decode(id.fingerprint[:], []byte(print)); err != nil {
		return nil, fmt.Errorf("fingerprint of the secret: %w", err)
	}
	if id.packetKey, err = secret.Derive(key, "packet", 32); err != nil {
		return nil, err
	}
	if id.gossipKey, err = secret.Derive(key, "gossip", 32); err != nil {
		return nil, err
	}
	seed, err := secret.Derive(key, "certificate authority", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return id, id.sign(ed25519.NewKeyFromSeed(seed), node)
}

// sign makes the authority's certificate, which is the same on every node, and
// a certificate for a fresh key of this run.
func (id *identity) sign(authority ed25519.PrivateKey, node string) error {
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kvmha cluster authority", Organization: []string{id.cluster}},
		NotBefore:             validFrom,
		NotAfter:              validUntil,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, authority.Public(), authority)
	if err != nil {
		return fmt.Errorf("make authority certificate: %w", err)
	}
	if id.authority, err = x509.ParseCertificate(der); err != nil {
		return fmt.Errorf("read authority certificate: %w", err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return fmt.Errorf("make node key: %w", err)
	}
	der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2),
		Subject:      pkix.Name{CommonName: node, Organization: []string{id.cluster}},
		NotBefore:    validFrom,
		NotAfter:     validUntil,
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}, id.authority, public, authority)
	if err != nil {
		return fmt.Errorf("make node certificate: %w", err)
	}
	id.leaf = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}
	return nil
}

// tlsConfig returns the configuration of a connection to or from peer.
func (id *identity) tlsConfig(peer string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{id.leaf},
		ClientAuth:             tls.RequireAnyClientCert,
		SessionTicketsDisabled: true,
		Time:                   func() time.Time { return validTime },
		// The usual check of a host name does not fit nodes; VerifyConnection
		// below checks everything that matters, on both sides.
		InsecureSkipVerify: true,
		VerifyConnection: func(cs tls.ConnectionState) error {
			if len(cs.PeerCertificates) == 0 {
				return errors.New("peer shows no certificate")
			}
			return id.check(cs.PeerCertificates[0], peer)
		},
	}
}

// check verifies that a certificate was made with the cluster's secret for the
// node of that name.
func (id *identity) check(cert *x509.Certificate, peer string) error {
	if err := cert.CheckSignatureFrom(id.authority); err != nil {
		return fmt.Errorf("certificate of %q was not made with this cluster's secret: %w", peer, err)
	}
	if cert.Subject.CommonName != peer || len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != id.cluster {
		return fmt.Errorf("certificate is of node %q in cluster %q, need %q in %q",
			cert.Subject.CommonName, cert.Subject.Organization, peer, id.cluster)
	}
	return nil
}
