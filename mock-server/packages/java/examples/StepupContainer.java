import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/**
 * The mock in a container, for Testcontainers. The JUnit extension needs no engine: prefer it where the machine can run the
 * program itself.
 */
public final class StepupContainer extends GenericContainer<StepupContainer> {
    private static final int PORT = 4750;

    /** The image that mock-server/packages/container builds. */
    public StepupContainer(String image) {
        super(image);
        withExposedPorts(PORT);
        // It writes nothing, and needs no rights.
        withCreateContainerCmdModifier(command -> command.getHostConfig().withReadonlyRootfs(true));
        waitingFor(Wait.forHealthcheck());
    }

    /** Where the mock is for the tests, such as {@code http://localhost:32768}. */
    public String url() {
        return "http://" + getHost() + ":" + getMappedPort(PORT);
    }

    /** The base URL of Authsignal's APIs. */
    public String authsignalApiUrl() {
        return url() + "/v1";
    }
}
