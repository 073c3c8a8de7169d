"""What every travelling model shares: frozen, and tolerant of fields that a newer sender adds."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """The parent of all that travels; receivers ignore fields that they do not know yet."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,  # what does not fit may hold a secret, and errors end in logs
    )
