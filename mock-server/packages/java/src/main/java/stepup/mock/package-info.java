/** A mock of Authsignal and Activeconnect for tests: one mock for all of them, and a tenant for each. */
package stepup.mock;
