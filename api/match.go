package api

import (
	"strconv"
	"strings"

	"cloudsso/idp"
)

// stale is the class of a write whose If-Match names another version (412).
const stale idp.Code = "stale"

// IfMatch is the value of an If-Match header (RFC 9110 §13.1.1); "" asks for nothing.
type IfMatch string

// check fails unless the header allows a write to what has this version.
func (m IfMatch) check(version int64) error {
	if m == "" || strings.TrimSpace(string(m)) == "*" {
		return nil
	}
	for tag := range strings.SplitSeq(string(m), ",") {
		if strings.TrimSpace(tag) == etag(version) { // strong comparison: W/ never matches
			return nil
		}
	}
	return idp.Errorf(stale, "It has changed since you read it: its ETag is %s now. Read it again, then repeat the change.", etag(version))
}

func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// version is what the store compares at a delete: any, unless the header asks for more.
func (m IfMatch) version(current int64) int64 {
	if m == "" {
		return 0
	}
	return current
}

// ETag is the version of an app that a form sends back.
func (c Client) ETag() IfMatch { return IfMatch(etag(c.version)) }

// ETag is the version of an app that a form sends back.
func (v ServiceProvider) ETag() IfMatch { return IfMatch(etag(v.version)) }

// ETag is the version of an app that a form sends back.
func (t TokenApp) ETag() IfMatch { return IfMatch(etag(t.version)) }
