package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"cloudsso/idp"
)

// where names the servers, never who we are to them.
func (t target) where() string { return strings.Join(t.addrs, ", ") }

// refusal puts in words why [Open] failed, and what to do.
func (t target) refusal(err error) error {
	var told *idp.Error
	if errors.As(err, &told) {
		return err
	}
	code, sentence := t.reason(err)
	if code == idp.Invalid {
		return idp.Errorf(code, sentence, t.where()).On("flows").Because(cause{err})
	}
	return idp.Errorf(code, sentence, t.where()).On("flows").Because(err)
}

// cause is an error without its class: a wrong password is not cured by waiting.
type cause struct{ error }

// reason's sentences have one gap, for where the server is.
func (t target) reason(err error) (idp.Code, string) {
	text := err.Error()
	switch {
	case goredis.IsAuthError(err) || strings.Contains(text, "WRONGPASS") || strings.Contains(text, "NOAUTH"):
		return idp.Invalid, "The Redis at %s refuses the user name or the password. Check both in its URL."
	case goredis.IsPermissionError(err) || strings.Contains(text, "NOPERM") || strings.Contains(text, "ACL failure") || strings.Contains(text, "can't run this command"):
		return idp.Invalid, "The Redis at %s does not allow this user what is needed. Allow it: ACL SETUSER … ~" + t.o.Namespace + ":* &" + t.o.Namespace + ":* +@connection +@read +@write +@scripting +@pubsub +info +cluster"
	case goredis.IsOOMError(err) || strings.Contains(text, "OOM command not allowed"):
		return idp.Unavailable, "The Redis at %s has no memory left. Raise maxmemory, or free some."
	case goredis.IsLoadingError(err):
		return idp.Unavailable, "The Redis at %s is still loading its data. Try again in a moment."
	case goredis.IsReadOnlyError(err) || strings.Contains(text, "READONLY"):
		return idp.Invalid, "The Redis at %s is a replica, which cannot be written to. Name the primary, or use redis+sentinel://."
	case strings.Contains(text, "MISCONF"):
		return idp.Unavailable, "The Redis at %s cannot save to its disk and therefore takes no writes. Check its disk and its log."
	case strings.Contains(text, "cluster support disabled"):
		return idp.Invalid, "The Redis at %s is not part of a cluster. Write redis:// (or rediss://) in its URL."
	case strings.Contains(text, "MOVED "):
		return idp.Invalid, "The Redis at %s belongs to a cluster. Write redis+cluster:// (or rediss+cluster://) in its URL."
	case strings.Contains(text, "CLUSTERDOWN"):
		return idp.Unavailable, "The Redis Cluster at %s is down: not all of its slots are served. Check its nodes with CLUSTER INFO."
	case strings.Contains(text, "DB index is out of range"):
		return idp.Invalid, "The Redis at %s has no database of this number. Check the number at the end of its URL."
	case t.kind == "sentinel" && strings.Contains(text, "all sentinels"):
		return idp.Unavailable, "None of the Sentinels at %s answers and knows the master that the URL names. Check the addresses, the name of the master, and sentinel_user and sentinel_password."
	}
	if encrypted(err) {
		return idp.Invalid, "TLS with the Redis at %s fails: its certificate is not trusted or is for another name, or no TLS is spoken there. Check the host name, ca_file, cert_file and key_file, and whether it should be redis:// without the second s."
	}
	if !t.tls && (errors.Is(err, io.EOF) || strings.Contains(text, "connection reset") || strings.Contains(text, "can't parse")) {
		return idp.Unavailable, "What listens at %s does not talk to us as Redis. Check the port, and whether it wants TLS (rediss://)."
	}
	if t.tls {
		return idp.Unavailable, "No Redis answers at %s by TLS. Check that it runs, its address, the firewall, whether it asks for a certificate of ours (cert_file, key_file), and whether it should be redis:// without the second s."
	}
	return idp.Unavailable, "No Redis answers at %s. Check that it runs, its address, and the firewall."
}

func encrypted(err error) bool {
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var alert tls.AlertError
	var host x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &record) || errors.As(err, &alert) || errors.As(err, &host) ||
		strings.Contains(err.Error(), "tls: ")
}
