"""The board: its supply and its temperature, as the kernel tells them.

Owns which files a Raspberry Pi has for it. Elsewhere nothing is known.
"""

from gateway.doctor.case import Case
from gateway.doctor.finding import Finding, fault, unknown, well

HOT_C = 80  # a Raspberry Pi slows down from here on
NOW, SINCE_BOOT = 1, 1 << 16  # bits of "throttled": voltage too low
THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
HWMON = "sys/class/hwmon"
AGAIN = "vcgencmd get_throttled"


def supply(case: Case) -> Finding:
    """Whether the voltage is or was too low."""
    bits = _throttled(case)
    if bits is None:
        return unknown("doctor.supply_unknown")
    if bits & (NOW | SINCE_BOOT):
        key = "doctor.undervoltage" if bits & NOW else "doctor.undervoltage_was"
        return fault(key, AGAIN)
    return well("doctor.supply_well")


def temperature(case: Case) -> Finding:
    """Whether the processor is too hot."""
    told = case.text("sys/class/thermal/thermal_zone0/temp")
    if not told.lstrip("-").isdigit():
        return unknown("doctor.temperature_unknown")
    celsius = round(int(told) / 1000)
    if celsius >= HOT_C:
        return fault("doctor.hot", "vcgencmd measure_temp", celsius=celsius)
    return well("doctor.temperature_well", celsius=celsius)


def _throttled(case: Case) -> int | None:
    told = case.text(THROTTLED)
    if told:
        return int(told, 16)
    for chip in sorted(case.place(HWMON).glob("hwmon*")):
        if case.text(f"{HWMON}/{chip.name}/name") == "rpi_volt":
            return NOW if case.text(f"{HWMON}/{chip.name}/in0_lcrit_alarm") == "1" else 0
    return None
