package samlidp

// Kantara's requirements that bind an identity provider, and the tests that show them: the
// SAML V2.0 Implementation Profile for Federation Interoperability (IIP) and the SAML V2.0
// Deployment Profile (SDP). A test carries the ids of the requirements in its name, more than
// one where the two profiles ask for the same or where it checks several of them. The tests are of
// this package, of those below it (md, dsig, xenc), or of packages server and config.
//
//	IIP-G01    TestIIP_G01_SDP_G01_ClocksMayDiffer
//	IIP-G02    TestIIP_G02_StringsOf256Characters
//	IIP-G03    TestIIP_G03_SDP_G03_NoDTD
//	IIP-MD01   server:TestIIP_MD01_MetadataQuery (of registered entities; a stranger is never registered by its own request)
//	IIP-MD02   md:TestIIP_MD02_OneEntityOfACollection, server:TestIIP_MD02_MetadataThroughRedirects
//	IIP-MD03   md:TestIIP_MD03_TheSignatureOfMetadata
//	IIP-MD04   md:TestIIP_MD04_SDP_MD03_ValidUntilMayBeDemanded
//	IIP-MD05   TestIIP_MD05_EXT01_UnknownExtensionsAreIgnored, md:TestIIP_MD05_ParseSPReadsEverything
//	IIP-MD06   TestIIP_MD06_SSO01_SDP_IDP01_IndependentServiceProviderAcceptsUs
//	IIP-MD07   TestIIP_MD07_SDP_IDP32_EverySigningKeyIsTried
//	IIP-MD08   TestIIP_MD08_OneOfSeveralEncryptionKeys
//	IIP-MD09   md:TestIIP_MD09_IdPMetadataSaysWhichAlgorithmsAreAccepted
//	IIP-MD11   TestIIP_MD11_AKeyWithoutUseIsForBoth
//	IIP-MD12   TestIIP_MD12_CertificatesOfAnyKind
//	IIP-ALG01  dsig:TestIIP_ALG01_ALG02_ALG03_WhatWeSignVerifiesEverywhere, dsig:TestIIP_ALG01_ALG02_ALG03_VerifyAcceptsWhatXmlsec1Signs
//	IIP-ALG02  dsig:TestIIP_ALG01_ALG02_ALG03_WhatWeSignVerifiesEverywhere, dsig:TestIIP_ALG01_ALG02_ALG03_VerifyAcceptsWhatXmlsec1Signs
//	IIP-ALG03  dsig:TestIIP_ALG01_ALG02_ALG03_WhatWeSignVerifiesEverywhere, dsig:TestIIP_ALG01_ALG02_ALG03_VerifyAcceptsWhatXmlsec1Signs
//	IIP-ALG04  xenc:TestIIP_ALG04_ALG05_Xmlsec1DecryptsWhatWeSeal, xenc:TestIIP_ALG04_ALG05_WeDecryptWhatXmlsec1Encrypts
//	IIP-ALG05  xenc:TestIIP_ALG04_ALG05_Xmlsec1DecryptsWhatWeSeal, xenc:TestIIP_ALG04_ALG05_WeDecryptWhatXmlsec1Encrypts (who offers nothing better)
//	IIP-ALG06  xenc:TestIIP_ALG06_OpensslAgreesOnOAEP
//	IIP-ALG08  TestIIP_ALG08_BrokenAlgorithmsCannotBeUsed (an application may need SHA-1 or CBC, and an admin may let it; the rest is fixed)
//	IIP-SSO01  TestIIP_MD06_SSO01_SDP_IDP01_IndependentServiceProviderAcceptsUs
//	IIP-SSO02  TestIIP_SSO02_SSO03_SDP_IDP02_IDP08_SignedInPersonGoesThroughAtOnce, TestIIP_SSO02_PostComesBackByGet
//	IIP-SSO03  TestIIP_SSO03_IDP05_RefusedByAStatus, TestIIP_SSO02_SSO03_SDP_IDP02_IDP08_SignedInPersonGoesThroughAtOnce
//	IIP-SSO04  TestIIP_SSO04_SDP_IDP09_WhatIsSigned
//	IIP-SSO05  TestIIP_SSO05_IDP21_PersistentIsPairwiseAndOfOneCase, TestIIP_SSO05_TransientIsNewEachTime
//	IIP-SSO06  TestIIP_SSO06_SDP_MD01_EverythingComesFromMetadata
//	IIP-SSO07  TestIIP_SSO07_EXT01_RequestsThatAreFine
//	IIP-IDP01  TestIIP_IDP01_AnyNameOfAnyKind
//	IIP-IDP02  TestIIP_IDP02_AttributesByApplication
//	IIP-IDP04  TestIIP_IDP04_AttributesByIndex (isRequired is read and decides nothing)
//	IIP-IDP05  TestIIP_SSO03_IDP05_RefusedByAStatus
//	IIP-IDP06  TestIIP_IDP06_SDP_IDP07_ForceAuthn
//	IIP-IDP07  TestIIP_IDP07_IsPassive
//	IIP-IDP08  TestIIP_IDP08_AuthnContextThatCanBeReached
//	IIP-IDP09  TestIIP_IDP09_EncryptedAssertionIsReadByXmlsec1
//	IIP-IDP10  TestIIP_IDP10_NameIDFormat
//	IIP-IDP11  TestIIP_IDP11_ASubjectWithoutNameStillSignsIn
//	IIP-IDP12  TestIIP_IDP12_SDP_IDP06_TheAddressForTheAnswer
//	IIP-IDP17  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect, TestIIP_IDP17_AsynchronousLogoutGetsNoAnswer
//	IIP-IDP18  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect
//	IIP-IDP19  TestIIP_IDP19_EveryDecryptionKeyIsTried, TestIIP_IDP19_LogoutByEncryptedID
//	IIP-IDP20  TestIIP_IDP20_LogoutAddressesOfMetadata
//	IIP-IDP21  TestIIP_SSO05_IDP21_PersistentIsPairwiseAndOfOneCase
//	IIP-EXT01  TestIIP_MD05_EXT01_UnknownExtensionsAreIgnored, TestIIP_SSO07_EXT01_RequestsThatAreFine
//	SDP-G01    TestIIP_G01_SDP_G01_ClocksMayDiffer
//	SDP-G03    TestIIP_G03_SDP_G03_NoDTD
//	SDP-G04    TestSDP_G04_OurEntityID
//	SDP-MD01   TestIIP_SSO06_SDP_MD01_EverythingComesFromMetadata
//	SDP-MD02   server:TestSDP_MD02_SignedMetadataRunsOut
//	SDP-MD03   md:TestIIP_MD04_SDP_MD03_ValidUntilMayBeDemanded
//	SDP-MD04   TestSDP_MD04_NothingIsAdvertisedThatIsNotThere
//	SDP-MD05   server:TestSDP_MD05_MD06_MD07_MD08_KeysOfOurMetadata
//	SDP-MD06   server:TestSDP_MD05_MD06_MD07_MD08_KeysOfOurMetadata
//	SDP-MD07   server:TestSDP_MD05_MD06_MD07_MD08_KeysOfOurMetadata
//	SDP-MD08   server:TestSDP_MD05_MD06_MD07_MD08_KeysOfOurMetadata
//	SDP-MD09   server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//	SDP-MD10   server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//	SDP-MD11   server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//	SDP-MD12   server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//	SDP-ALG01  TestSDP_ALG01_TheUsualAlgorithms
//	SDP-IDP01  TestIIP_MD06_SSO01_SDP_IDP01_IndependentServiceProviderAcceptsUs
//	SDP-IDP02  TestIIP_SSO02_SSO03_SDP_IDP02_IDP08_SignedInPersonGoesThroughAtOnce
//	SDP-IDP03  config:TestSDP_IDP03_Issuers
//	SDP-IDP04  TestSDP_IDP04_UnsignedRequests
//	SDP-IDP05  TestS02_SDP_IDP05_SignatureExclusion
//	SDP-IDP06  TestIIP_IDP12_SDP_IDP06_TheAddressForTheAnswer
//	SDP-IDP07  TestIIP_IDP06_SDP_IDP07_ForceAuthn
//	SDP-IDP08  TestIIP_SSO02_SSO03_SDP_IDP02_IDP08_SignedInPersonGoesThroughAtOnce
//	SDP-IDP09  TestIIP_SSO04_SDP_IDP09_WhatIsSigned
//	SDP-IDP10  TestSDP_IDP10_OneOfEach
//	SDP-IDP13  TestSDP_IDP13_IDP16_IDP17_SubjectIdentifiers
//	SDP-IDP14  server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//	SDP-IDP15  md:TestSDP_IDP15_ParseSPReadsTheSubjectIDItWants
//	SDP-IDP16  TestSDP_IDP13_IDP16_IDP17_SubjectIdentifiers
//	SDP-IDP17  TestSDP_IDP13_IDP16_IDP17_SubjectIdentifiers
//	SDP-IDP19  TestSDP_IDP19_IDP20_EachValueIsAnElement
//	SDP-IDP20  TestSDP_IDP19_IDP20_EachValueIsAnElement
//	SDP-IDP21  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect
//	SDP-IDP23  TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect
//	SDP-IDP24  TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect
//	SDP-IDP25  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect
//	SDP-IDP26  TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect
//	SDP-IDP27  TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect
//	SDP-IDP28  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect
//	SDP-IDP29  TestSDP_IDP23_IDP24_IDP26_IDP27_IDP29_FarewellByRedirect
//	SDP-IDP30  TestIIP_IDP17_IDP18_SDP_IDP21_IDP25_IDP28_IDP30_LogoutByRedirect
//	SDP-IDP31  TestSDP_IDP31_LogoutIsHonestAboutTheOthers
//	SDP-IDP32  TestIIP_MD07_SDP_IDP32_EverySigningKeyIsTried
//	SDP-IDP33  server:TestSDP_MD09_MD10_MD11_MD12_IDP14_IDP33_WhatOurMetadataSays
//
// Left out:
//
//	IIP-MD10   an application's alg:SigningMethod is not obeyed; its policy says what we sign with
//	IIP-ALG07  about TLS, which is not spoken here, and no more than advice
//	IIP-IDP03  attributes are not released by entity category
//	IIP-IDP13  there is no ECP, IIP-IDP13 to 16: it is a way around the second factor (TestAttack_S20_NoECP)
//	IIP-IDP14  as IIP-IDP13
//	IIP-IDP15  as IIP-IDP13
//	IIP-IDP16  as IIP-IDP13
//	SDP-G02    a value that is longer than 256 characters is sent whole: cut off it would be another
//	SDP-IDP11  encryption is set per application: many cannot read it (what is sent then: IIP-IDP09)
//	SDP-IDP12  the format of the NameID is set per application (what a transient one is: IIP-SSO05)
//	SDP-IDP18  basic names are allowed, for applications that know nothing else (the usual ones are URIs)
//	SDP-IDP22  a permission that is not used: nobody is asked whether to stay signed in
