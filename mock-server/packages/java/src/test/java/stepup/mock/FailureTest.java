package stepup.mock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** A test that fails shows its journal, and no other does. */
class FailureTest {
    /** Tests that fail on purpose. By its name, the console launcher does not take this class for one of its own. */
    @ExtendWith(StepupExtension.class)
    static class Failing {
        @Test
        void passes(Tenant stepup) {
            new Application(stepup).server("/users/passes/actions/pay", Map.of());
        }

        @Test
        void fails(Tenant stepup) {
            new Application(stepup).server("/users/fails/actions/pay", Map.of());
            new Application(stepup).server("/users/fails/authenticators", Map.of());
            throw new AssertionError("of the test");
        }

        @Test
        void hasAWrongSecret(Tenant stepup) {
            Application.post(stepup.apiUrl() + "/users/x/actions/pay", Application.basic("wrong"), Map.of());
            throw new AssertionError("of the test");
        }

        @Test
        void needsNoMock() {
            throw new AssertionError("of the test");
        }
    }

    private static Map<String, String> failures() {
        Map<String, String> failures = new LinkedHashMap<>();
        var request = LauncherDiscoveryRequestBuilder.request().selectors(selectClass(Failing.class)).build();
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                result.getThrowable().ifPresent(failure -> {
                    String suppressed = Arrays.stream(failure.getSuppressed()).map(Throwable::toString).collect(Collectors.joining());
                    failures.put(test.getDisplayName(), failure.getMessage() + suppressed);
                });
            }
        });
        return failures;
    }

    @Test
    void aTestThatFailsShowsItsJournal() {
        Map<String, String> failures = failures();
        assertEquals(3, failures.size(), failures.toString());
        String fails = failures.get("fails(Tenant)");
        assertTrue(fails.startsWith("of the testRequests to stepup-mock (app_"), fails);
        assertTrue(fails.contains("\n  200 POST /v1/users/fails/actions/pay (track)\n      request: {}\n      answer: {\"state\":\"ALLOW\""), fails);
        assertTrue(fails.contains("\n  400 POST /v1/users/fails/authenticators (enroll_verified_authenticator)\n      refused: "), fails);
        String wrong = failures.get("hasAWrongSecret(Tenant)");
        assertTrue(wrong.contains("\n  The mock got no request with the credentials of this test's tenant.\n"), wrong);
        assertTrue(wrong.contains("from one beside it:\n  401 POST /v1/users/x/actions/pay (track)\n      refused: "), wrong);
        assertEquals("of the test", failures.get("needsNoMock()"));
    }
}
