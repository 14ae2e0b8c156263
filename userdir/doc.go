// Package userdir answers who exists and whether a password is right.
//
// # The main path
//
//	Users.Authenticate  asks the directories in order until one knows the login
//	Local, File         the built-in users, and a YAML or CSV file
//	Passwords           argon2id, bounded, the same work whoever is asked for
//	ldap, httpdir, sqldir  people whom another server keeps
//	pwhash              hashes that other systems made
//	Migration           copies people of another directory when they sign in
//	Guard               a time limit, a circuit breaker and a short memory around one of those
//	Users.Person        a subject back to what its directory says right now
//
// A [Directory] only knows its own people. The subject, our stable id, is given out by
// [Users] from idp.Subjects, so that it survives renames, and a person keeps consents,
// factors and pairwise ids whatever their directory is made of. Every Directory must pass
// userdirtest.Run.
//
// # What an attacker can learn
//
// One attempt costs one password hash: for a wrong password, an unknown login, an account
// without a password and a disabled one alike; and the answer to all of them is
// [ErrInvalidCredentials]. That an account is disabled, locked or expired is said only to
// somebody who knows its password.
package userdir
