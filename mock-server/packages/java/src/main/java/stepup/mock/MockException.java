package stepup.mock;

/** Something is wrong with the mock, or with how it is called. */
public class MockException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** The status that the control API answered, or 0. */
    private final int status;

    MockException(String message) {
        this(message, 0, null);
    }

    MockException(String message, int status, Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** The status with which the mock refused a call of its control API, or 0 if it did not answer at all. */
    public int status() {
        return status;
    }
}
