// Package api is how configuration is changed: Fastly's REST contract, grown
// from the kinds of package service.
//
// # Life of a call
//
// A call passes five gates, and the first that refuses it answers: the token is
// known (401), its scope covers the method (403), it has writes left this hour
// (429), the path and method are a route (404, 405), the body decodes
// (400, 413). What remains is an action: it asks the [Store], and returns the
// body of a 200 or an error. Revoked tokens answer 204, and nothing answers 201:
// Fastly does not, and its clients compare. What an action writes leaves an event,
// which goes to the store with the call's context.
//
// Errors cross this package as values; respond.go alone turns them into a
// status and the contract's words. The text of an error that is not a
// [service.Error] never leaves the program.
//
// # Tenants
//
// Handlers check scopes. Whose service it is, the store decides: it gets the
// caller's token with each question and answers as if all else did not exist.
package api
