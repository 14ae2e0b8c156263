package samlidp

import "cloudsso/samlidp/msg"

// Strengths of authentication contexts. A password over TLS is the strongest that we
// can vouch for; the classes above it are known only so that they can be compared with.
const (
	strengthUnspecified = iota
	strengthPassword
	strengthPasswordProtected
	strengthStronger
)

// reachable lists what we can vouch for after a password sign-in, weakest first:
// whoever typed a password over TLS did use a password.
func reachable() []string { return []string{classUnspecified, classPassword, classPasswordProtected} }

// strength orders the classes we know.
func strength(class string) (int, bool) {
	switch class {
	case classUnspecified:
		return strengthUnspecified, true
	case classPassword:
		return strengthPassword, true
	case classPasswordProtected:
		return strengthPasswordProtected, true
	case classTimeSyncToken, classMobileTwoFactor, classMobileTwoFactorUnreg, classSmartcard,
		classSmartcardPKI, classTLSClient, classX509, classREFEDSMFA:
		return strengthStronger, true
	}
	return 0, false
}

// authnContext decides which class the assertion will name (Core §3.3.2.2.1). ok is false if
// nothing that was asked for can be reached.
func authnContext(asked *msg.RequestedAuthnContext) (class string, ok bool) {
	if asked == nil {
		return classPasswordProtected, true
	}
	var levels []int
	for _, ref := range asked.ClassRefs {
		if s, known := strength(ref); known {
			levels = append(levels, s)
		}
	}
	switch asked.Comparison {
	case "minimum":
		return atLeast(levels)
	case "better":
		// Stronger than every one of them: what we cannot order, we cannot be better than.
		return better(levels, len(asked.ClassRefs))
	case "maximum":
		return atMost(levels)
	}
	return exactly(asked.ClassRefs)
}

// exactly takes the first that we can reach: the list is in order of preference.
func exactly(refs []string) (string, bool) {
	for _, ref := range refs {
		if s, known := strength(ref); known && s <= strengthPasswordProtected {
			return ref, true
		}
	}
	return "", false
}

func atLeast(levels []int) (string, bool) {
	for _, l := range levels {
		if l <= strengthPasswordProtected {
			return classPasswordProtected, true
		}
	}
	return "", false
}

func better(levels []int, asked int) (string, bool) {
	for _, l := range levels {
		if l >= strengthPasswordProtected {
			return "", false
		}
	}
	return classPasswordProtected, asked > 0 && len(levels) == asked
}

// atMost takes the strongest that does not exceed the strongest one asked for.
func atMost(levels []int) (string, bool) {
	most := -1
	for _, l := range levels {
		most = max(most, l)
	}
	if most < 0 {
		return "", false
	}
	return reachable()[min(most, strengthPasswordProtected)], true
}
