package stepup.mock;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A step-up, and what a tenant gives besides. */
@ExtendWith(StepupExtension.class)
class StepUpTest {
    private static final String ADA = "ada@example.com";
    private Tenant before;

    @BeforeEach
    void hasTheTenantOfItsTest(Tenant stepup) {
        before = stepup;
    }

    @Test
    void theCodeFromTheInboxPassesTheChallenge(Tenant stepup) {
        assertSame(before, stepup);
        Application application = new Application(stepup);
        String token = application.challenged("ada", ADA);
        application.page(token, "/challenge/email-otp", Map.of());
        String code = stepup.inbox().waitFor(ADA).code();
        Map<String, Object> passed = application.page(token, "/verify/email-otp", Map.of("verificationCode", code));
        assertTrue(application.validates(passed.get("accessToken").toString()));
    }

    @Test
    void theControlApiAnswersAChallengeInPlaceOfTheUser(Tenant stepup) {
        Application application = new Application(stepup);
        String token = application.challenged("ada", ADA);
        stepup.failChallenge("ada");
        assertFalse(application.validates(token));
        String second = application.challenged("ada", ADA);
        stepup.succeedChallenge("ada");
        assertTrue(application.validates(second));
    }

    @Test
    void aTestVerifiesWhichRequestsItsTenantGot(Tenant stepup) {
        new Application(stepup).challenged("ada", ADA);
        Map<String, ?> track = Map.of("operation", "track", "userId", "ada");
        stepup.verify(Map.of("pattern", track, "exactly", 1));
        AssertionError error = assertThrows(AssertionError.class, () -> stepup.verify(Map.of("pattern", track, "exactly", 2)));
        assertTrue(error.getMessage().contains("track"), error.getMessage());
    }

    @Test
    void whatHappensNextIsPlannedAndTakenBack(Tenant stepup) {
        Application application = new Application(stepup);
        stepup.scenarios(Map.of("userId", "ada", "challenge", "succeed"));
        assertTrue(application.validates(application.challenged("ada", ADA)));
        stepup.scenarios(Map.of("challenge", "succeed", "always", true));
        stepup.scenarios();
        assertFalse(application.validates(application.challenged("ada", ADA)));
    }

    @Test
    void eachMessageIsReturnedOnceAndTheNewestFirst(Tenant stepup) {
        Application application = new Application(stepup);
        String token = application.challenged("ada", ADA);
        application.page(token, "/challenge/email-otp", Map.of());
        Message first = stepup.inbox().waitFor("ADA@example.com");
        AssertionError nothing = assertThrows(AssertionError.class, () -> stepup.inbox().waitFor(ADA, Duration.ZERO));
        assertTrue(nothing.getMessage().contains("(read before; messages() shows it again)"), nothing.getMessage());
        application.page(token, "/challenge/email-otp", Map.of());
        CompletableFuture.runAsync(
            () -> application.page(token, "/challenge/email-otp", Map.of()),
            CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS));
        stepup.inbox().waitFor(ADA);
        Message newest = stepup.inbox().waitFor(null, Duration.ofSeconds(30));
        List<Message> all = stepup.inbox().messages(ADA);
        assertEquals(List.of(newest.id(), first.id()), List.of(all.get(0).id(), all.get(2).id()));
        assertNotEquals(first.code(), "");
    }

    @Test
    void timePassesWhenTheTestSaysSo(Tenant stepup) {
        Instant start = Instant.parse("2030-01-01T00:00:00Z");
        assertEquals(start, stepup.clock().freeze(start));
        Application application = new Application(stepup);
        String token = application.challenged("ada", ADA);
        stepup.succeedChallenge("ada");
        assertTrue(application.validates(token));
        assertEquals(start.plusSeconds(3600), stepup.clock().advance(Duration.ofHours(1)));
        assertFalse(application.validates(token));
        assertEquals(start, stepup.clock().set(start));
        stepup.clock().release();
        assertFalse(stepup.clock().now().isBefore(start));
    }

    @Test
    @Seed("{\"authsignal\": {\"users\": [{\"userId\": \"eve\", \"email\": \"eve@example.com\"}]}}")
    void aSeedSaysWhatTheTenantBeginsWith(Tenant stepup) {
        assertEquals("eve", Control.objects(stepup.control("/_mock/users"), "users").get(0).get("userId"));
    }

    @Test
    void theDeskShowsTheNameOfTheTest(Tenant stepup) {
        Map<String, Object> tenant = Control.objects(stepup.control("/_mock/tenants"), "tenants").get(0);
        assertEquals("StepUpTest.theDeskShowsTheNameOfTheTest(Tenant)", Control.object(tenant.get("activeconnect")).get("name"));
    }

    @Test
    void anyOperationOfTheControlApi(Tenant stepup) {
        MockException refused = assertThrows(
            MockException.class, () -> stepup.control("POST", "/_mock/clock", Map.of("tenat", stepup.id())));
        assertEquals(400, refused.status());
        assertTrue(refused.getMessage().contains("body /tenat is unknown"), refused.getMessage());
    }

    @Test
    void aCallOfTheControlApiIsAboutThisTenant(Tenant stepup) {
        new Application(stepup).server("/users/ada/actions/pay", Map.of());
        assertEquals(1, Control.objects(stepup.control("/_mock/journal?search=track"), "requests").size());
        assertEquals(0, Control.objects(stepup.control("/_mock/actions?userId=bob"), "actions").size());
        assertEquals("ok", stepup.control("/_mock/health").get("status"));
        Map<String, Object> frozen = stepup.control("POST", "/_mock/clock", Map.of("freeze", true));
        assertEquals(stepup.id(), frozen.get("tenant"));
        stepup.control("POST", "/_mock/authsignal", Map.of("defaultOutcome", "BLOCK"));
    }

    @Test
    void aWebhookThatItsReceiverDidNotTakeIsInTheJournal(Tenant stepup) {
        stepup.webhooks(Map.of("url", "http://127.0.0.1:9/hook", "events", List.of("authenticator.created")));
        new Application(stepup).challenged("ada", ADA);
        stepup.clock().advance(Duration.ofMinutes(10));
        assertEquals("given_up", stepup.deliveries().get(0).get("progress"));
        String text = stepup.journal().text();
        assertTrue(text.contains("webhook authenticator.created to http://127.0.0.1:9/hook (given_up): "), text);
    }

    @Test
    void whatIsDueHasBeenSentWhenTheDeliveriesHaveSettled(Tenant stepup) {
        stepup.webhooks(Map.of("url", "http://127.0.0.1:9/hook", "events", List.of("authenticator.created")));
        new Application(stepup).challenged("ada", ADA);
        assertEquals(1, Control.objects(stepup.settledDeliveries().get(0), "attempts").size());
    }

    @Test
    void aJournalWithoutARequestSaysWhereItMayHaveGone(Tenant stepup) {
        String text = stepup.journal().text();
        assertTrue(text.contains("went to the vendor's live service: pass it apiUrl."), text);
    }

    @Test
    void aPhoneWithoutARequestSaysSo(Tenant stepup) {
        for (Runnable act : List.<Runnable>of(() -> stepup.approveOnPhone("ada"), () -> stepup.denyOnPhone("ada"))) {
            assertEquals(404, assertThrows(MockException.class, act::run).status());
        }
        MockException refused = assertThrows(
            MockException.class, () -> stepup.registerPhone(stepup.url() + "/register/" + stepup.applicationId() + "/none"));
        assertTrue(refused.getMessage().contains("POST /_mock/phone/register answered"), refused.getMessage());
    }
}
