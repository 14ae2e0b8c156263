package oauth_test

import (
	"slices"
	"strings"
	"testing"
)

// faultOfOthers is something that went wrong in another product, and what keeps it from
// going wrong here: tests, or the reason why there is nothing to test.
type faultOfOthers struct {
	id, fault string
	tests     string
	not       string
}

func faultsOfOthers() []faultOfOthers {
	return []faultOfOthers{
		{id: "CVE-2026-55672", fault: "code and refresh token are not bound to the client", tests: "TestTrap_ClientBinding TestTrap_CodeOfAnotherPublicClient TestConformance_F07_CodesOfAnotherClient TestConformance_G05_RefreshTokensThatAreNotOurs"},
		{id: "CVE-2026-1035", fault: "parallel refreshes fork the family", tests: "TestRacesOnEveryBackend TestTrap_RefreshRace"},
		{id: "CVE-2026-9802", fault: "a restart revives revoked tokens", tests: "TestTrap_ARestartRevivesNothing"},
		{id: "CVE-2026-4282", fault: "one kind of one-time value passes for another", tests: "TestTrap_KindsDoNotMix TestTrap_FlowsDoNotMix TestNamesOfKeysTellNothingAndAreTyped"},
		{id: "CVE-2026-3872, CVE-2023-6291, CVE-2024-8883", fault: "redirect URIs are compared loosely", tests: "TestConformance_C01_C03_C04_C05_C06_C09_PagesInsteadOfRedirects TestTrap_LoopbackMatch"},
		{id: "CVE-2026-9689", fault: "a redirect URI that answers by itself", tests: "TestTrap_ParameterPollution TestTrap_DuplicateParameters"},
		{id: "CVE-2026-1180, CVE-2026-4874, CVE-2020-10770", fault: "SSRF by addresses of clients", tests: "TestAddressesThatAreNeverFetched TestS18DNSRebindingHasNoEffect TestS18RedirectsGoThroughTheSameGates TestConformance_K11_SectorIdentifier TestConformance_J08_OnlyRegisteredAddresses"},
		{id: "CVE-2026-1609, CVE-2026-1486", fault: "a grant that does not ask whether the person is disabled", tests: "TestMatrixOfGrantsAndStates"},
		{id: "CVE-2026-1529", fault: "an invitation whose signature nobody checks", not: "there are no invitations"},
		{id: "CVE-2026-8922, CVE-2026-18208", fault: "introspection ignores revocation; an answer about a dead token says more than that", tests: "TestIntrospectionOfDeadTokens TestSignedIntrospection"},
		{id: "CVE-2026-37977", fault: "a CORS origin out of an unverified token", tests: "TestCORS"},
		{id: "CVE-2026-16103", fault: "the lockout holds at one door only", tests: "TestPasswordGrantCountsWithTheLoginPage TestTrap_DevicesOfPeopleWhoMayNot"},
		{id: "CVE-2026-18211, CVE-2026-18206", fault: "hosts are matched by prefix or suffix", tests: "TestTrap_LoopbackMatch TestAddressesThatAreNeverFetched"},
		{id: "CVE-2026-18569", fault: "an upstream provider's logout token without a signature", not: "there are no upstream providers"},
		{id: "CVE-2026-94218", fault: "a second factor is skipped by starting again", tests: "TestADirectoryThatWantsASecondFactor TestAForgedConsentSkipsNothing"},
		{id: "CVE-2026-15943, CVE-2026-94000", fault: "a masked secret is sent to an address that was edited; a smaller admin makes himself a greater one", tests: "TestEveryRoleMayDoWhatTheMatrixSaysAndNothingElse TestNobodyHelpsAnAdminWhoMayDoMore TestClientsCannotRaiseThemselves"},
		{id: "CVE-2026-29067", fault: "the Host or a forwarded header names us", tests: "TestHostHeaderNamesNothing TestForwardedForCountsFromNamedProxiesOnly"},
		{id: "CVE-2026-29191, CVE-2026-42849, CVE-2024-21637", fault: "script in a page that sends itself", tests: "TestFormPostNeedsAWebAddress TestS09_ScriptInThePost TestHostileTextStaysText"},
		{id: "CVE-2026-105207, CVE-2026-105215", fault: "an upstream account is linked without a proof", not: "there are no upstream providers"},
		{id: "CVE-2026-105209, CVE-2026-119128", fault: "a passkey is enrolled for somebody else", not: "there are no passkeys"},
		{id: "CVE-2024-52289", fault: "redirect URIs are regular expressions", tests: "TestConformance_C01_C03_C04_C05_C06_C09_PagesInsteadOfRedirects"},
		{id: "CVE-2023-48228, CVE-2024-23647", fault: "PKCE is skipped by leaving something out", tests: "TestTrap_PKCEDowngrade TestTrap_PKCELeftOut TestTrap_PKCEOfHybridCodes TestConformance_F10_TheVerifierIsWrongOrMissing"},
		{id: "CVE-2024-38371, CVE-2025-64521", fault: "the device flow goes around what every other grant asks", tests: "TestTrap_DevicesOfPeopleWhoMayNot TestMatrixOfGrantsAndStates"},
		{id: "CVE-2026-49448", fault: "an empty form skips a step", tests: "TestFormsThatCannotBeRead TestFormsOfOtherSites TestPasswordsThatDoNotDo"},
		{id: "CVE-2026-55106", fault: "an endpoint for debugging without authentication", tests: "TestEveryOperationRefusesWhoeverIsUnknown TestUnknownAddressesGetAHelpfulPage"},
		{id: "CVE-2026-57580", fault: "a comment cuts a NameID off; malformed XML kills a worker", tests: "TestS06_CommentsAndCDATA TestS05_Bombs"},
		{id: "GHSA-7qjx-gp9h-65qj", fault: "token exchange forgets a restriction", not: "there is no token exchange"},
		{id: "GHSA-r9w3-57w2-gch2", fault: "SQL by a page token; script by an error hint", tests: "TestTrap_NothingIsEchoed TestListsComeInPartsWithoutGapsOrDoubles"},
		{id: "hydra e6a73547c, aa1ee2987, f33d6a8ea, 3ad64db92", fault: "devices lose their session; unbounded documents; transactions that are none", tests: "TestDeviceGrant TestAnAnswerHasLimits TestTrap_DeviceRace TestTrap_CodeRace"},
		{id: "CVE-2026-43983", fault: "refresh ignores who left and what was taken back", tests: "TestRefreshAsksAgain TestMatrixOfGrantsAndStates"},
		{id: "CVE-2024-39694", fault: "an address to return to leads elsewhere", tests: "TestPlainSignOutAddress TestLaunchOfAClient"},
		{id: "CVE-2025-27370, CVE-2025-27371", fault: "an assertion for another audience", tests: "TestClientAssertionsAreRefused"},
		{id: "CVE-2026-63687, CVE-2026-68079, CVE-2026-68481", fault: "a request object overrides what it must not; codes work twice", tests: "TestConformance_J03_TheObjectWins TestRequestObjectsThatAreRefused TestConformance_F05_F06_ACodeUsedAgainEndsEverything"},
		{id: "CVE-2026-67332, CVE-2026-53512", fault: "the audience is not bound to the grant; refresh without authentication", tests: "TestAudienceConfusionAtUserinfo TestRefreshNarrowsTheAudienceEachTime TestClientAuthentication TestCrossJWTConfusion"},
		{id: "CVE-2026-58425, CVE-2026-26232", fault: "introspection of other clients' tokens; codes do not expire", tests: "TestIntrospectionOfDeadTokens TestWhoMayIntrospect TestConformance_V01_CodesLiveSixtySeconds"},
		{id: "CVE-2026-123542", fault: "PKCE is not enforced in the device flow", tests: "TestTrap_PKCEOfDevices"},
		{id: "Kanidm 1.10.0", fault: "secrets are compared in variable time", not: "secrets and MACs are compared in constant time, which a test on a busy machine cannot measure"},
		{id: "CVE-2026-34986, CVE-2024-28180", fault: "hostile JOSE: panics, bombs, any algorithm", tests: "TestForeignTokensAreRefused TestVerifyJWTRefuses"},
		{id: "CVE-2026-55677", fault: "an encoded slash goes around the guard of a route", tests: "TestTrap_EncodedPaths"},
		{id: "CVE-2025-29923", fault: "answers of Redis out of order", tests: "TestAChangeWhoseAnswerIsLostHappensOnce TestASlowServerIsUnavailableInTime"},
	}
}

// TestEachFaultOfOthersIsGuardedAgainst holds the list against the tests that there are.
func TestEachFaultOfOthersIsGuardedAgainst(t *testing.T) {
	t.Parallel()
	var all []string
	for _, folder := range []string{".", "../idp/server", "../idp/login", "../idp/outbound", "../idp/redis", "../idp/web", "../samlidp", "../api", "../keys"} {
		all = append(all, testsIn(t, folder)...)
	}
	list := faultsOfOthers()
	if len(list) != 40 {
		t.Errorf("there are %d", len(list))
	}
	for _, f := range list {
		if (f.tests == "") == (f.not == "") {
			t.Errorf("%s: tests, or a reason why there are none", f.id)
		}
		for name := range strings.FieldsSeq(f.tests) {
			if !slices.Contains(all, name) {
				t.Errorf("%s, %s: there is no %s", f.id, f.fault, name)
			}
		}
	}
}
