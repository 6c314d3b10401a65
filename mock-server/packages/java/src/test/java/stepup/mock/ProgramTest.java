package stepup.mock;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The mock as a program: one that runs already, is missing, or dies. */
class ProgramTest {
    private static final String PROGRAM = System.getenv("STEPUP_MOCK");

    private static String refusal(String url, String path) {
        return assertThrows(MockException.class, () -> Mock.start(url, path).close()).getMessage();
    }

    @Test
    void aMockThatRunsAlreadyIsUsedAndLeftRunning() {
        try (Mock running = Mock.start(null, PROGRAM)) {
            try (Mock attached = Mock.start(running.url() + "/", "/nowhere"); Tenant tenant = attached.createTenant()) {
                assertEquals(running.url(), tenant.url());
            }
            running.createTenant().close();
        }
    }

    @Test
    void aPathWithoutAProgram() {
        assertEquals("STEPUP_MOCK is /nowhere, and no program is there", refusal(null, "/nowhere"));
    }

    @Test
    void noProgramOnThePath() {
        // These tests run without one there.
        String message = refusal("", "");
        assertTrue(message.startsWith("stepup-mock is not on the PATH. Do one of these:\n"), message);
        assertTrue(message.contains("cargo install --path mock-server"), message);
    }

    @Test
    void aUrlWhereNoMockIs() {
        String message = refusal("http://127.0.0.1:4", null);
        assertTrue(message.startsWith("the mock at http://127.0.0.1:4 does not answer (ConnectException"), message);
        assertTrue(message.endsWith("Check that a mock runs there, and STEPUP_MOCK_URL."), message);
        assertEquals(
            "\"http://127.0.0.1:4/v1/\" is the URL of an API of a mock; that of the mock itself is http://127.0.0.1:4",
            refusal("http://127.0.0.1:4/v1/", null));
        assertEquals("\"127.0.0.1:4\" is no URL of a mock; it looks like http://127.0.0.1:4750", refusal("127.0.0.1:4", null));
    }

    @Test
    void aProgramThatDoesNotStart() {
        String message = refusal(null, Path.of(System.getProperty("java.home"), "bin", "java").toString());
        assertTrue(message.contains("bin/java did not start:\n  "), message);
    }

    @Test
    void aMockThatDiedSaysSoAndHow() {
        try (Mock mock = Mock.start(null, PROGRAM)) {
            Tenant tenant = mock.createTenant();
            ProcessHandle.of(mock.pid()).orElseThrow().destroyForcibly();
            String message = assertThrows(MockException.class, () -> tenant.clock().now()).getMessage();
            assertTrue(message.contains("stepup-mock has ended with exit code 137. The end of its log:\n  (it is empty)"), message);
        }
    }

    @Test
    void aMockThatStopsWhileATestWaitsForAMessage() throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            boolean waits = exchange.getRequestURI().getQuery().contains("wait=");
            byte[] answer = ("{\"messages\": []" + (waits ? ", \"stopped\": true}" : "}")).getBytes(UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try {
            Inbox inbox = new Inbox(new Control("http://127.0.0.1:" + server.getAddress().getPort(), () -> ""), "t");
            String message = assertThrows(MockException.class, () -> inbox.waitFor(null, Duration.ofSeconds(60))).getMessage();
            assertEquals("the mock stopped while the test waited for a message", message);
        } finally {
            server.stop(0);
        }
    }
}
