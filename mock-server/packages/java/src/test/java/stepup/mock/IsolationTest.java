package stepup.mock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/** A thousand tests at once, each with a tenant, a clock and faults of its own. */
@ExtendWith(StepupExtension.class)
class IsolationTest {
    @RepeatedTest(1000)
    void eachTestIsAlone(RepetitionInfo repetition, Tenant stepup) {
        int number = repetition.getCurrentRepetition();
        String user = "canary-" + number;
        String email = user + "@example.com";
        Instant now = Instant.parse("2030-01-01T00:00:00Z").plus(Duration.ofDays(number));
        // Within the ten minutes that the action waits for its challenge.
        Duration later = Duration.ofSeconds(1 + number % 500);
        stepup.clock().freeze(now);
        Application application = new Application(stepup);
        String token = application.challenged(user, email);
        application.page(token, "/challenge/email-otp", Map.of());
        Message message = stepup.inbox().waitFor(null, Duration.ofSeconds(60));
        assertEquals(List.of(email, now), List.of(message.to(), message.createdAt()));
        stepup.clock().advance(later);
        stepup.succeedChallenge(user);
        assertTrue(application.validates(token));

        // Every second one has a fault that its neighbours must not meet.
        boolean fails = number % 2 == 1;
        if (fails) {
            stepup.faults(Map.of("operation", "track", "status", 503, "body", Map.of("canary", number)));
        }
        Map<String, Object> tracked = application.server("/users/" + user + "/actions/pay", Map.of());
        assertEquals(fails ? Long.valueOf(number) : null, tracked.get("canary"));

        assertEquals(1, stepup.inbox().messages().size());
        assertEquals(now.plus(later), stepup.clock().now());
        List<Map<String, Object>> users = Control.objects(stepup.control("/_mock/users"), "users");
        assertEquals(List.of(user), users.stream().map(one -> one.get("userId")).collect(Collectors.toList()));
        List<String> journal = stepup.journal().requests().stream()
            .map(one -> one.operation() + " " + one.at()).collect(Collectors.toList());
        assertEquals(List.of(
            "enroll_verified_authenticator " + now, "track " + now, "challenge_email_otp " + now,
            "validate_challenge " + now.plus(later), "track " + now.plus(later)), journal);
    }
}
