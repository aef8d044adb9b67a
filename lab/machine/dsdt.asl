/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a Hyper-V generation-2 machine describes in its DSDT, as far as Linux
 * looks for it: the module device whose windows VMBus hands out, VMBus below
 * it, two serial ports. The high window depends on the memory size; azhost
 * writes it to the two fields of HOST (see acpi.c) and _CRS reads it there,
 * so that the compiled code is the same for every machine.
 */
DefinitionBlock ("", "DSDT", 2, "AZMUTH", "AZHOST", 1)
{
    Name (\_S5, Package () { 5, 0, 0, 0 })

    Scope (\_SB)
    {
        OperationRegion (HOST, SystemMemory, 0x000E1000, 0x10)
        Field (HOST, QWordAcc, NoLock, Preserve)
        {
            HWMN, 64,
            HWLN, 64
        }

        Device (VMOD)
        {
            Name (_HID, "ACPI0004")
            Name (_UID, 0)

            Name (LOW, ResourceTemplate ()
            {
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                             Cacheable, ReadWrite, 0,
                             0xF8000000, 0xFEBFFFFF, 0, 0x06C00000)
            })
            Name (HIGH, ResourceTemplate ()
            {
                QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed,
                             Cacheable, ReadWrite, 0,
                             0x100000000, 0x1FFFFFFFF, 0, 0x100000000)
            })

            Method (_CRS, 0, Serialized)
            {
                /* Offsets in a QWORD address space descriptor, ACPI 6.4.3.5.1. */
                CreateQWordField (HIGH, 14, WMIN)
                CreateQWordField (HIGH, 22, WMAX)
                CreateQWordField (HIGH, 38, WLEN)

                If (HWLN == 0)
                {
                    Return (LOW)
                }
                WMIN = HWMN
                WLEN = HWLN
                WMAX = HWMN + HWLN - 1
                Return (ConcatenateResTemplate (LOW, HIGH))
            }

            Device (VMBS)
            {
                Name (_HID, "VMBus")
                Name (_DDN, "VMBUS")
                Name (_UID, 0)
                Name (_STA, 0xF)
                /* Linux asks VMBus itself first, and without an answer looks no further. */
                Name (_CRS, ResourceTemplate () {})
            }
        }

        Device (COM1)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 1)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x03F8, 0x03F8, 1, 8)
                IRQNoFlags () { 4 }
            })
        }

        Device (COM2)
        {
            Name (_HID, EisaId ("PNP0501"))
            Name (_UID, 2)
            Name (_CRS, ResourceTemplate ()
            {
                IO (Decode16, 0x02F8, 0x02F8, 1, 8)
                IRQNoFlags () { 3 }
            })
        }
    }
}
